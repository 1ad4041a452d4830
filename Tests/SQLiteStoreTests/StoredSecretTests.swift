import Foundation
import GRDB
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct StoredSecretTests {
    private let password = "correct horse battery staple"

    private func secret(_ value: String, namespace: String = "default") -> ResourceDraft {
        let values = ["password": Array(value.utf8)]
        return ResourceDraft(
            key: ResourceKey(.secret, namespace: namespace, name: "db"), object: SecretMask.masked(["kind": "Secret"], values),
            secretValues: values)
    }

    @Test func `values come only when they are asked for`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let made = try await store.put(self.secret(self.password), .create, at: noon).resource
        let masked = try #require(try await directory.open().resource(made.key, withSecrets: false))
        #expect(masked.secretValues == nil)
        #expect(masked.object["data"] == ["password": "<28 bytes, hidden>"])
        let opened = try #require(try await directory.open().resource(made.key, withSecrets: true))
        #expect(opened.secretValues == ["password": Array(self.password.utf8)])
        #expect(try await store.resources(ResourceQuery(.secret)).items == [masked])
    }

    @Test func `a value of the same length is a change, the same value is none`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let one = try await store.put(self.secret("aaaa"), .create, at: noon)
        #expect(try await store.put(self.secret("aaaa"), .apply(version: nil), at: noon).outcome == .unchanged)
        let two = try await store.put(self.secret("bbbb"), .apply(version: nil), at: noon)
        #expect(two.outcome == .configured)
        #expect(two.resource.version > one.resource.version)
    }

    @Test func `no file holds a value in plain text, changed or deleted`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let others = ["first-\(self.password)", "second-\(self.password)"]
        for value in others + [self.password] { try await store.put(self.secret(value), .apply(version: nil), at: noon) }
        try await store.put(self.secret(self.password, namespace: "team"), .create, at: noon)
        try await store.remove(ResourceKey(.secret, namespace: "team", name: "db"), uid: nil, version: nil)
        let needles = [self.password, others[0], others[1]].flatMap { value in
            [Data(value.utf8), Data(Data(value.utf8).base64EncodedString().dropLast(4).utf8)]
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(Set(files).isSuperset(of: ["skiff.db", "skiff.db-wal", "secret.key"]))
        for file in files {
            let content = try Data(contentsOf: URL(fileURLWithPath: directory.file(file)))
            for needle in needles { #expect(content.range(of: needle) == nil, "in \(file)") }
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.file("secret.key"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a change tells of a Secret without its values`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        try await store.put(self.secret(self.password), .create, at: noon)
        var events = store.changes(of: ResourceQuery(.secret), since: 0).makeAsyncIterator()
        let event = try #require(try await events.next())
        #expect(event.resource.secretValues == nil)
        #expect(event.resource.object["data"] == ["password": "<28 bytes, hidden>"])
    }

    @Test func `a sealed value moved to another namespace does not open`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        for namespace in ["default", "team"] { try await store.put(self.secret(namespace, namespace: namespace), .create, at: noon) }
        try await directory.database().write { db in
            try db.execute(
                sql:
                    "UPDATE resources SET sealed = (SELECT sealed FROM resources WHERE kind = 'Secret' AND namespace = 'team') WHERE kind = 'Secret'"
            )
        }
        await #expect(throws: JournalError.self) {
            try await store.resource(ResourceKey(.secret, namespace: "default", name: "db"), withSecrets: true)
        }
        #expect(try await store.resource(ResourceKey(.secret, namespace: "team", name: "db"), withSecrets: true)?.secretValues != nil)
    }
}
