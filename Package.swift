// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A room of the design: its folder shows the layer, its dependencies are the arrows that the compiler checks.
func room(_ name: String, in layer: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(layer)/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let asyncAlgorithms = Target.Dependency.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "skiff",
    products: [
        .executable(name: "skiff", targets: ["skiff"]),
        // For the benchmarks, which are a package of their own.
        .library(name: "SkiffEngine", targets: ["Engine", "Planning", "Manifests", "Diagnostics", "WorkflowModel"]),
        // For the fuzzer, which is one too.
        .library(name: "SkiffLanguage", targets: ["Expressions", "Manifests", "Diagnostics", "WorkflowModel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        // Without its traits: they bring the whole of Foundation, and a configuration reader that nobody uses here.
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", exact: "1.1.4"),
    ],
    targets: [
        // Language: text to plan.
        room("Diagnostics", in: "Language"),
        room("WorkflowModel", in: "Language"),
        .target(
            name: "CRE2", path: "Sources/Language/CRE2",
            linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++", .when(platforms: [.linux]))]),
        room("Expressions", in: "Language", ["Diagnostics", "WorkflowModel", "CRE2", crypto, cryptoExtras]),
        room("Manifests", in: "Language", ["Diagnostics", "WorkflowModel", yams]),
        room("Planning", in: "Language", ["Diagnostics", "WorkflowModel", "Expressions"]),

        // Engine: decides, does nothing.
        room("Engine", in: "Engine", ["Planning", "Expressions", "WorkflowModel"]),
        room("StatusViews", in: "Engine", ["Engine", "Planning", "WorkflowModel"]),

        // Driver: does, decides nothing.
        room("Ports", in: "Driver", ["Engine", "WorkflowModel"]),
        room("Driver", in: "Driver", ["Ports", "Engine", "Planning", "WorkflowModel"]),

        // Adapters: one port and one foreign library each, never each other.
        room("SQLiteStore", in: "Adapters", ["Ports", "Engine", "WorkflowModel", grdb, crypto]),
        .target(name: "CLocalRuntime", path: "Sources/Adapters/CLocalRuntime"),
        room("LocalRuntime", in: "Adapters", ["Ports", "Engine", "WorkflowModel", "CLocalRuntime"]),
        .systemLibrary(name: "CArchive", path: "Sources/Adapters/CArchive", providers: [.apt(["libarchive-dev"])]),
        room("FileArtifacts", in: "Adapters", ["Ports", "Engine", "WorkflowModel", "CArchive"]),
        room("Doorbell", in: "Adapters", ["Ports", "WorkflowModel"]),
        room("HTTPCalls", in: "Adapters", ["Ports", "Engine", "WorkflowModel", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL]),
        room("DataCalls", in: "Adapters", ["Ports", "Engine", "Expressions", "WorkflowModel"]),
        .target(name: "CJQ", path: "Sources/Adapters/CJQ", linkerSettings: [.linkedLibrary("jq")]),
        room("ResourceCalls", in: "Adapters", ["Ports", "Engine", "Planning", "WorkflowModel", "CJQ"]),

        // Surfaces: ask.
        room("Operations", in: "Surfaces", ["StatusViews", "Engine", "WorkflowModel", "Diagnostics"]),
        room(
            "LocalOperations", in: "Surfaces",
            [
                "Operations", "StatusViews", "Driver", "Ports", "Engine", "Planning", "Expressions", "Manifests", "Diagnostics",
                "WorkflowModel",
            ]),
        room("WireFormat", in: "Surfaces", ["Operations", "Diagnostics", "WorkflowModel"]),
        room(
            "HTTPServer", in: "Surfaces",
            [
                "WireFormat", "Operations", "Manifests", "Diagnostics", "WorkflowModel", hummingbird, hummingbirdCore, hummingbirdTLS,
                httpTypes,
                logging, serviceLifecycle, asyncAlgorithms, nioCore, nioSSL, crypto,
            ]),
        room(
            "CommandLine", in: "Surfaces",
            ["Operations", "Manifests", "Diagnostics", "WorkflowModel", argumentParser, yams]),

        room(
            "RemoteOperations", in: "Surfaces",
            ["WireFormat", "Operations", "Diagnostics", "WorkflowModel", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL]),

        room("TestKit", in: "TestKit", ["Ports", "Engine", "Planning", "WorkflowModel"]),

        .executableTarget(
            name: "skiff",
            dependencies: [
                "CommandLine", "Operations", "LocalOperations", "RemoteOperations", "Driver", "Ports", "SQLiteStore", "LocalRuntime",
                "CLocalRuntime",
                "FileArtifacts", "Doorbell", "HTTPCalls", "DataCalls", "ResourceCalls", "Manifests", "Engine", "Diagnostics",
                "WorkflowModel", "HTTPServer", "WireFormat", yams, serviceLifecycle, unixSignals, logging,
            ],
            path: "Sources/skiff", swiftSettings: strict),

        // Simulation: random workflows, outcomes and crashes against the engine alone.
        .target(
            name: "Simulation", dependencies: ["Engine", "Planning", "Diagnostics", "WorkflowModel"], path: "Tests/Simulation/Model",
            swiftSettings: strict),
        .executableTarget(
            name: "simulate", dependencies: ["Simulation", "WorkflowModel"], path: "Tests/Simulation/Program", swiftSettings: strict),

        // Tests.
        tests("WorkflowModelTests", ["WorkflowModel"]),
        tests("ExpressionsTests", ["Expressions", "Diagnostics", "WorkflowModel"]),
        tests("ManifestsTests", ["Manifests", "Diagnostics", "WorkflowModel"]),
        tests("PlanningTests", ["Expressions", "Planning", "Manifests", "Diagnostics", "WorkflowModel"]),
        tests("EngineTests", ["TestKit", "StatusViews", "Engine", "Planning", "Manifests", "Diagnostics", "WorkflowModel"]),
        tests("SimulationTests", ["Simulation"]),
        tests("DriverTests", ["TestKit", "Driver", "Ports", "Engine", "Planning", "Manifests", "WorkflowModel"]),
        tests("SQLiteStoreTests", ["SQLiteStore", "Ports", "Engine", "WorkflowModel", grdb]),
        tests("LocalRuntimeTests", ["LocalRuntime", "CLocalRuntime", "Ports", "Engine", "WorkflowModel"]),
        tests("FileArtifactsTests", ["FileArtifacts", "Ports", "Engine", "WorkflowModel"]),
        tests("DoorbellTests", ["Doorbell", "Ports"]),
        tests("HTTPCallsTests", ["HTTPCalls", "Ports", "Engine", "WorkflowModel", nioCore, nioPosix, nioHTTP1, nioSSL]),
        tests("DataCallsTests", ["DataCalls", "Ports", "Engine", "WorkflowModel"]),
        tests("ResourceCallsTests", ["ResourceCalls", "Manifests", "Ports", "Engine", "WorkflowModel"]),
        tests(
            "LocalOperationsTests",
            [
                "LocalOperations", "Operations", "TestKit", "SQLiteStore", "LocalRuntime", "FileArtifacts", "Doorbell", "Ports", "Engine",
                "Diagnostics", "WorkflowModel",
            ]),
        tests("CommandLineTests", ["CommandLine", "Operations", "Diagnostics", "WorkflowModel"]),
        tests(
            "RemoteOperationsTests",
            ["RemoteOperations", "CommandLine", "Operations", "Diagnostics", "WorkflowModel", nioCore, nioPosix, nioHTTP1]),
        tests("WireFormatTests", ["WireFormat", "Operations", "Diagnostics", "WorkflowModel"]),
        tests(
            "HTTPServerTests",
            [
                "HTTPServer", "WireFormat", "Operations", "LocalOperations", "SQLiteStore", "Ports", "Engine", "Diagnostics",
                "WorkflowModel", logging,
            ]),
        tests("EndToEndTests", ["WorkflowModel", grdb]),
    ],
    cxxLanguageStandard: .cxx17
)
