import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// How many may hold a semaphore.
extension Routes {
    var syncLimits: [Route] {
        let base = "/api/v1/sync/{namespace}"
        let query = [Route.Parameter(name: "type", choices: ["CONFIGMAP"]), Route.Parameter(name: "cmName", isRequired: true)]
        return [
            Route(
                .post, base, "SyncService_CreateSyncLimit", "Sets the limit of a semaphore that has none.", .role(.admin),
                body: .json(schema: "SyncLimitRequest"), answer: .json(schema: "SyncLimit")
            ) { call in
                let fields = try call.fields()
                guard let key = try fields.string("key") else { throw WireError.invalid("the body needs 'key'") }
                return .json(try await self.services.syncLimits.createSyncLimit(try Self.limit(key, fields, call)).json)
            },
            Route(
                .get, base + "/{key}", "SyncService_GetSyncLimit", "Tells the limit of a semaphore.", .role(.viewer), query: query,
                answer: .json(schema: "SyncLimit")
            ) { call in
                let configMap = try Self.configMap(call.query["type"], call.query["cmName"])
                let limits = self.services.syncLimits
                return .json(try await limits.syncLimit(call.parameter("key"), configMap: configMap, namespace: call.namespace).json)
            },
            Route(
                .put, base + "/{key}", "SyncService_UpdateSyncLimit", "Changes the limit of a semaphore.", .role(.admin),
                body: .json(schema: "SyncLimitRequest"), answer: .json(schema: "SyncLimit")
            ) { call in
                let fields = try call.fields()
                return .json(try await self.services.syncLimits.updateSyncLimit(try Self.limit(call.parameter("key"), fields, call)).json)
            },
            Route(
                .delete, base + "/{key}", "SyncService_DeleteSyncLimit", "Removes the limit of a semaphore.", .role(.admin), query: query,
                answer: .json(schema: "Empty")
            ) { call in
                let configMap = try Self.configMap(call.query["type"], call.query["cmName"])
                try await self.services.syncLimits.deleteSyncLimit(
                    call.parameter("key"), configMap: configMap, namespace: call.namespace)
                return .done
            },
        ]
    }

    private static func limit(_ key: String, _ fields: RequestFields, _ call: Call) throws -> SyncLimit {
        let configMap = try Self.configMap(try fields.string("type"), try fields.string("cmName"))
        guard let limit = try fields.integer("limit"), limit > 0, let count = Int(exactly: limit), count <= Int32.max else {
            throw WireError.invalid("the body needs 'limit', a whole number of at least 1")
        }
        return SyncLimit(namespace: call.namespace, configMap: configMap, key: key, limit: count)
    }

    private static func configMap(_ type: String?, _ name: String?) throws -> String {
        // 0 and 1 are how protobuf numbers them.
        guard type == nil || type == "CONFIGMAP" || type == "0" else {
            throw WireError.invalid("limits of locks are kept in ConfigMaps here: type must be CONFIGMAP")
        }
        guard let name, !name.isEmpty else { throw WireError.invalid("'cmName' must name a ConfigMap") }
        return name
    }
}

/// Limits as keys of ConfigMaps.
struct ResourceSyncLimits: SyncLimitOperations {
    let resources: any ResourceOperations

    func syncLimit(_ key: String, configMap: String, namespace: String) async throws -> SyncLimit {
        let text = try await self.map(configMap, namespace)["data"]?[key]?.string
        guard let text else { throw Self.missing(key, configMap) }
        guard let limit = Int(text.filter { $0 != " " }) else {
            throw OperationError(.invalid, "key '\(key)' of ConfigMap '\(configMap)' is '\(text)', which is no number")
        }
        return SyncLimit(namespace: namespace, configMap: configMap, key: key, limit: limit)
    }

    func createSyncLimit(_ limit: SyncLimit) async throws -> SyncLimit {
        do {
            try await self.change(limit.configMap, limit.namespace) { data in
                guard data[limit.key] == nil else {
                    throw OperationError(
                        .alreadyExists, "ConfigMap '\(limit.configMap)' has key '\(limit.key)' already", hint: "change it with PUT")
                }
                data[limit.key] = .string(String(limit.limit))
            }
        } catch let error as OperationError where error.code == .notFound {
            let map: JSONValue = [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": ["name": .string(limit.configMap), "namespace": .string(limit.namespace)],
                "data": [limit.key: .string(String(limit.limit))],
            ]
            _ = try await self.objects.put(map, .create, namespace: limit.namespace, isDryRun: false)
        }
        return limit
    }

    func updateSyncLimit(_ limit: SyncLimit) async throws -> SyncLimit {
        try await self.change(limit.configMap, limit.namespace) { data in
            guard data[limit.key] != nil else { throw Self.missing(limit.key, limit.configMap) }
            data[limit.key] = .string(String(limit.limit))
        }
        return limit
    }

    func deleteSyncLimit(_ key: String, configMap: String, namespace: String) async throws {
        try await self.change(configMap, namespace) { data in
            guard data[key] != nil else { throw Self.missing(key, configMap) }
            data[key] = nil
        }
    }

    private var objects: StoredObjects { StoredObjects(resources: self.resources, kind: .configMap) }

    private func map(_ name: String, _ namespace: String) async throws -> JSONValue {
        try await self.objects.get(name, namespace: namespace)
    }

    /// How often a change that others got ahead of is tried again.
    private static let attempts = 8

    /// Changes what a ConfigMap holds. It carries the version it was read in, so that nobody's change is lost.
    private func change(_ name: String, _ namespace: String, _ change: (inout JSONObject) throws -> Void) async throws {
        for attempt in 1... {
            var map = try await self.map(name, namespace).object ?? JSONObject()
            var data = map["data"]?.object ?? JSONObject()
            try change(&data)
            map["data"] = .object(data)
            do {
                _ = try await self.objects.put(.object(map), .update, namespace: namespace, isDryRun: false)
                return
            } catch let error as OperationError where error.code == .conflict && attempt < Self.attempts { continue }
        }
    }

    private static func missing(_ key: String, _ configMap: String) -> OperationError {
        OperationError(.notFound, "ConfigMap '\(configMap)' has no key '\(key)'", hint: "set its limit with POST")
    }
}
