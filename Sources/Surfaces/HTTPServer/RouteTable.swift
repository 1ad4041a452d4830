import HTTPTypes
import WireFormat

/// All routes by their paths.
struct RouteTable: Sendable {
    /// A route that fits a path, with what the path says.
    struct Match: Sendable {
        var route: Route
        var parameters: [String: String]
        var rest: [String]
    }

    private final class Node: Sendable {
        let literals: [String: Node]
        let parameter: Node?
        /// Of a path that ends here.
        let routes: [Route]
        /// Of a path that goes on as it likes.
        let restRoutes: [Route]

        /// - Parameter routes: with how many parts of their paths are above this node.
        init(_ routes: [Route], depth: Int) {
            var literals: [String: [Route]] = [:]
            var parameter: [Route] = []
            var ending: [Route] = []
            var rest: [Route] = []
            for route in routes {
                let parts = route.path.parts
                guard depth < parts.count else {
                    ending.append(route)
                    continue
                }
                switch parts[depth] {
                case .literal(let text): literals[text, default: []].append(route)
                case .parameter: parameter.append(route)
                case .rest: rest.append(route)
                }
            }
            self.literals = literals.mapValues { Node($0, depth: depth + 1) }
            self.parameter = parameter.isEmpty ? nil : Node(parameter, depth: depth + 1)
            self.routes = ending
            self.restRoutes = rest
        }
    }

    let routes: [Route]
    private let root: Node

    init(_ routes: [Route]) {
        self.routes = routes
        self.root = Node(routes, depth: 0)
    }

    /// - Parameter segments: of the path, decoded; an empty one behind a slash at the end.
    /// - Throws: `WireError`: 404, or 405 when the path is there for other methods.
    func match(_ method: HTTPRequest.Method, _ segments: [String]) throws -> Match {
        let found = Self.routes(below: self.root, segments[...])
        let fitting = found.filter { Self.fits($0, segments) }
        if let route = fitting.first(where: { $0.method == method }) { return Self.match(route, segments) }
        if fitting.isEmpty { throw WireError.notFound("there is nothing at this path") }
        let methods = Set(fitting.map(\.method.rawValue)).sorted().joined(separator: ", ")
        throw MethodNotAllowed(allowed: methods)
    }

    /// Routes of that shape, those with literal parts first.
    private static func routes(below node: Node, _ segments: ArraySlice<String>) -> [Route] {
        guard let first = segments.first else { return node.routes + node.restRoutes }
        var found: [Route] = []
        if let next = node.literals[first] { found += Self.routes(below: next, segments.dropFirst()) }
        if let next = node.parameter { found += Self.routes(below: next, segments.dropFirst()) }
        return found + node.restRoutes
    }

    /// Whether no parameter is empty that must not be.
    private static func fits(_ route: Route, _ segments: [String]) -> Bool {
        zip(route.path.parts, segments).allSatisfy { part, segment in
            if case .parameter(_, mayBeEmpty: false) = part { !segment.isEmpty } else { true }
        }
    }

    private static func match(_ route: Route, _ segments: [String]) -> Match {
        var match = Match(route: route, parameters: [:], rest: [])
        for (at, part) in route.path.parts.enumerated() {
            switch part {
            case .literal: break
            case .parameter(let name, _): match.parameters[name] = segments[at]
            case .rest: match.rest = Array(segments[at...])
            }
        }
        return match
    }
}

/// A path that is there, for other methods.
struct MethodNotAllowed: Error {
    /// For the header `Allow`.
    var allowed: String
    var wire: WireError { WireError(405, .unimplemented, "this path takes \(self.allowed)") }
}

/// The target of a request, taken apart.
struct RequestPath: Sendable {
    let text: String
    /// Decoded.
    let segments: [String]
    let query: QueryString

    /// - Throws: `WireError`: 400 for what is no path, and for parts that would lead somewhere else: `..` and slashes in disguise.
    init(_ target: String) throws {
        guard target.first == "/" else { throw WireError.invalid("the request's target is not a path") }
        let cut = target.firstIndex(of: "?") ?? target.endIndex
        self.text = String(target[..<cut])
        self.segments = try self.text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(Self.segment)
        self.query = try QueryString(target[cut...].dropFirst())
    }

    private static func segment(_ raw: Substring) throws -> String {
        let segment = try PercentText.decoded(raw)
        guard segment != "..", segment != ".", !segment.contains("/"), !segment.contains("\\") else {
            throw WireError.invalid("the path has a part that leads out of it")
        }
        guard segment.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw WireError.invalid("the path has control characters")
        }
        return segment
    }
}
