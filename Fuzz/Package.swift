// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "skiff-fuzz",
    dependencies: [.package(name: "skiff", path: "..")],
    targets: [
        .executableTarget(
            name: "LanguageFuzzer", dependencies: [.product(name: "SkiffLanguage", package: "skiff")],
            // libFuzzer brings the main function.
            swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    ],
    cxxLanguageStandard: .cxx17
)
