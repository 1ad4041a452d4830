import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// What the server tells about itself.
extension Routes {
    var information: [Route] {
        [
            Route(
                .get, "/api/v1/info", "InfoService_GetInfo", "Tells links and columns of the configuration.", .anywhere(.viewer),
                answer: .json(schema: "InfoResponse")
            ) { call in
                var information = await self.services.information()
                // Whoever works in one namespace sees that one first.
                if information.managedNamespace.isEmpty, let own = call.principal.namespaces, own.count == 1, let only = own.first {
                    information.managedNamespace = only
                }
                return .json(information.json)
            },
            Route(
                .get, "/api/v1/version", "InfoService_GetVersion", "Tells the version.", .anywhere(.viewer),
                answer: .json(schema: "Version")
            ) { _ in .json(self.settings.version.json) },
            Route(
                .get, "/api/v1/userinfo", "InfoService_GetUserInfo", "Tells who asks.", .anywhere(.viewer),
                answer: .json(schema: "UserInfo")
            ) { call in .json(call.principal.json) },
            Route(
                .post, "/api/v1/tracking/event", "InfoService_CollectEvent", "Takes what a user interface counts, and forgets it.",
                .anywhere(.viewer), body: .json(schema: "CollectEventRequest"), answer: .json(schema: "Empty")
            ) { call in
                _ = try RequestFields(try call.json()).string("name")
                return .done
            },
            Route(.get, "/healthz", "health", "Says that the server answers.", .open, answer: .json(schema: "Health")) { _ in
                .json(["status": "ok"])
            },
            Route(.get, "/readyz", "readiness", "Says whether runs are carried out.", .open, answer: .json(schema: "Health")) { _ in
                guard await self.services.isReady() else { throw WireError(503, .unavailable, "the server is not ready yet") }
                return .json(["status": "ok"])
            },
            Route(
                .get, "/openapi.json", "openapi", "This API as an OpenAPI document.", .open, answer: .json(schema: "Document")
            ) { _ in .json(OpenAPIDocument(routes: self.all, version: self.settings.version.version).json) },
        ]
    }
}
