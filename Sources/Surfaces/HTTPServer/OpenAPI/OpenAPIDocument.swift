import HTTPTypes
import Operations
import WorkflowModel

/// The API as an OpenAPI 3.0 document, made from the same table that requests are routed by.
struct OpenAPIDocument: Sendable {
    let routes: [Route]
    let version: String

    var json: JSONValue {
        [
            "openapi": "3.0.3",
            "info": [
                "title": "Skiff", "version": .string(self.version),
                "description": "Runs of Argo workflows. The paths and bodies below /api/v1 are those of Argo Server.",
            ],
            "security": [["bearer": []], [:]], "paths": .object(self.paths),
            "components": [
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]], "schemas": .object(APISchemas.all),
                "responses": [
                    "Refusal": [
                        "description": "Refused; the body says why.",
                        "content": ["application/json": ["schema": APISchemas.reference("Error")]],
                    ]
                ],
            ],
        ]
    }

    private var paths: JSONObject {
        var paths = JSONObject()
        for route in self.routes {
            var item = paths[route.path.text]?.object ?? JSONObject()
            item[route.method.rawValue.lowercased()] = .object(self.operation(route))
            paths[route.path.text] = .object(item)
        }
        return paths
    }

    private func operation(_ route: Route) -> JSONObject {
        var operation = JSONObject()
        operation["operationId"] = .string(route.operation)
        operation["summary"] = .string(route.summary)
        operation["tags"] = [.string(Self.tag(route))]
        let parameters = route.path.names.map(Self.pathParameter) + route.query.map(Self.queryParameter)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        operation["requestBody"] = Self.body(route.body)
        operation["responses"] = .object(self.responses(route))
        if route.access == .open { operation["security"] = [] }
        return operation
    }

    /// The first word of Argo's name, else what the route is about.
    private static func tag(_ route: Route) -> String { route.operation.split(separator: "_").first.map(String.init) ?? route.operation }

    private static func pathParameter(_ name: String) -> JSONValue {
        ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string"]]
    }

    private static func queryParameter(_ parameter: Route.Parameter) -> JSONValue {
        var schema = JSONObject()
        switch parameter.kind {
        case .string: schema["type"] = "string"
        case .integer:
            schema["type"] = "integer"
            schema["format"] = "int64"
            schema["minimum"] = 0
        case .boolean: schema["type"] = "boolean"
        case .time:
            schema["type"] = "string"
            schema["format"] = "date-time"
        }
        if !parameter.choices.isEmpty { schema["enum"] = .array(parameter.choices.map { .string($0) }) }
        return [
            "name": .string(parameter.name), "in": "query", "required": .bool(parameter.isRequired), "schema": .object(schema),
        ]
    }

    private static func body(_ body: Route.Body) -> JSONValue? {
        switch body {
        case .none: nil
        case .json(let schema):
            ["required": true, "content": ["application/json": ["schema": APISchemas.reference(schema)]]]
        case .event: ["required": false, "content": ["application/json": ["schema": [:]]]]
        case .upload:
            [
                "required": true,
                "content": [
                    "multipart/form-data": [
                        "schema": [
                            "type": "object", "required": ["file"], "properties": ["file": ["type": "string", "format": "binary"]],
                        ]
                    ]
                ],
            ]
        }
    }

    private func responses(_ route: Route) -> JSONObject {
        var responses = JSONObject()
        let isCreation = route.method == .post && route.operation.hasPrefix("create") && !route.path.text.hasPrefix("/skiff")
        responses[isCreation ? "201" : "200"] = ["description": "Done.", "content": Self.content(route.answer)]
        if route.answer == .file, route.path.text.hasPrefix("/artifact-files") {
            responses["307"] = ["description": "It is a directory: its path ends with a slash."]
        }
        responses["default"] = ["$ref": "#/components/responses/Refusal"]
        return responses
    }

    private static func content(_ answer: Route.Answer) -> JSONValue {
        switch answer {
        case .json(let schema): return ["application/json": ["schema": APISchemas.reference(schema)]]
        case .listOrEvents(let schema):
            return ["application/json": ["schema": ["anyOf": [APISchemas.reference(schema), APISchemas.reference("WatchEvent")]]]]
        case .stream(let schema):
            let message: JSONValue = [
                "type": "object", "properties": ["result": APISchemas.reference(schema), "error": APISchemas.reference("StreamError")],
            ]
            return ["text/event-stream": ["schema": ["type": "string"]], "application/json": ["schema": message]]
        case .file: return ["*/*": ["schema": ["type": "string", "format": "binary"]]]
        }
    }
}
