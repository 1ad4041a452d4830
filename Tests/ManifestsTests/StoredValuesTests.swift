import Manifests
import Testing

@Suite struct StoredValuesTests {
    @Test func `a ConfigMap gives its texts and bytes`() throws {
        let file = read(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a, namespace: ns, labels: {x: 1}}
            data: {text: hello, number: 5, empty: ""}
            binaryData: {bytes: /wA=, word: "aGVs\\nbG8="}
            """)
        #expect(!file.hasErrors)
        let map = try #require(ConfigMapManifest(file.documents[0]))
        #expect(map.name == "a" && map.namespace == "ns" && map.labels == ["x": "1"])
        #expect(map.data == ["text": "hello", "number": "5", "empty": ""])
        #expect(map.binaryData == ["bytes": [0xFF, 0], "word": Array("hello".utf8)])
        #expect(map.text("word") == "hello" && map.text("bytes") == nil && map.text("none") == nil)
        #expect(SecretManifest(file.documents[0]) == nil)
    }

    @Test func `a Secret decodes its data and lays stringData over it`() throws {
        let file = read(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: a}
            type: kubernetes.io/tls
            data: {user: YWRt, password: b2xk, gone: null}
            stringData: {password: new}
            """)
        #expect(file.report == "")
        let secret = try #require(SecretManifest(file.documents[0]))
        #expect(secret.type == "kubernetes.io/tls" && secret.namespace == nil)
        #expect(secret.data == ["user": Array("adm".utf8), "password": Array("new".utf8)])
        #expect(secret.text("password") == "new")
        #expect(ConfigMapManifest(file.documents[0]) == nil)
    }

    @Test func `a Secret does not print its values`() throws {
        let file = read("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: hunter2}\n")
        let secret = try #require(SecretManifest(file.documents[0]))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect("\(secret)" == "Secret a (k)")
        for text in [dumped, String(reflecting: secret), "\(Optional(secret) as Any)"] {
            #expect(!text.contains("hunter2") && !text.contains("104"))
        }
    }

    @Test(
        arguments: [
            ("", []), ("AA==", [0]), ("AAE=", [0, 1]), ("AAEC", [0, 1, 2]), ("+/+/", [0xFB, 0xFF, 0xBF]), ("AA\nE=\r\n", [0, 1]),
            ("A", nil), ("AA", nil),
            ("AA=", nil), ("AA===", nil), ("AA==AA==", nil), ("A A=", nil), ("AAE-", nil), ("====", nil), ("AAEC=", nil),
        ] as [(String, [UInt8]?)])
    func `base64 is read as Kubernetes reads it`(text: String, bytes: [UInt8]?) throws {
        let escaped = text.unicodeScalars.map { $0 == "\n" ? "\\n" : $0 == "\r" ? "\\r" : String($0) }.joined()
        let file = read("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {k: \"\(escaped)\"}\n")
        #expect(try #require(SecretManifest(file.documents[0])).data["k"] == bytes)
        #expect(file.codes == (bytes == nil ? ["bad-value"] : []))
    }
}
