// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "skiff-benchmarks",
    dependencies: [.package(name: "skiff", path: "..")],
    targets: [
        .target(name: "CInstructionCounter"),
        .executableTarget(
            name: "EngineBenchmark", dependencies: ["CInstructionCounter", .product(name: "SkiffEngine", package: "skiff")]),
        .executableTarget(name: "FanOutBenchmark", dependencies: [.product(name: "SkiffEngine", package: "skiff")]),
        .executableTarget(name: "ReadBenchmark", dependencies: [.product(name: "SkiffLanguage", package: "skiff")]),
        .executableTarget(name: "LintBenchmark", dependencies: [.product(name: "SkiffEngine", package: "skiff")]),
    ],
    cxxLanguageStandard: .cxx17
)
