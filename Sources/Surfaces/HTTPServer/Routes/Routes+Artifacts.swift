import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Files that steps left behind.
extension Routes {
    var artifacts: [Route] {
        [
            self.download("/artifacts/{namespace}/{name}/{nodeId}/{artifactName}", "ArtifactService_GetOutputArtifact", .role(.viewer)),
            self.download(
                "/input-artifacts/{namespace}/{name}/{nodeId}/{artifactName}", "ArtifactService_GetInputArtifact", .role(.viewer),
                isInput: true),
            self.download(
                "/artifacts-by-uid/{uid}/{nodeId}/{artifactName}", "ArtifactService_GetOutputArtifactByUID", .anywhere(.viewer)),
            self.download(
                "/input-artifacts-by-uid/{uid}/{nodeId}/{artifactName}", "ArtifactService_GetInputArtifactByUID", .anywhere(.viewer),
                isInput: true),
        ] + self.artifactFiles + [
            Route(
                .post, "/upload-artifacts/{namespace}/{workflowTemplateName}/{artifactName}", "ArtifactService_UploadInputArtifact",
                "Stores a file to be an artifact of a run of a template.", .role(.submitter), body: .upload,
                answer: .json(schema: "UploadedArtifact"), handler: self.upload)
        ]
    }

    // MARK: Whole

    private func download(_ path: String, _ operation: String, _ access: Route.Access, isInput: Bool = false) -> Route {
        Route(
            .get, path, operation, "Sends an \(isInput ? "input" : "output") artifact, packed as its producer says.", access, answer: .file
        ) { call in
            let (namespace, run) = try await self.place(call)
            let query = ArtifactQuery(
                namespace: namespace, run: run, node: call.parameter("nodeId"), artifact: call.parameter("artifactName"), isInput: isInput,
                isPacked: true)
            return self.file(try await self.services.artifacts.artifact(query))
        }
    }

    private func place(_ call: Call) async throws -> (namespace: String, run: String) {
        if call.parameters["uid"] == nil { return (call.namespace, call.name) }
        let place = try await self.archived(call)
        return (place.namespace, place.uid)
    }

    // MARK: Inside

    /// With and without anything behind the name of the artifact.
    private var artifactFiles: [Route] {
        let base = "/artifact-files/{namespace}/{idDiscriminator}/{id}/{nodeId}/{artifactDiscriminator}/{artifactName}"
        let summary = "Sends a file of an artifact, or lists a directory of it."
        return [
            Route(.get, base, "ArtifactService_GetArtifact", summary, .role(.viewer), answer: .file, handler: self.artifactFile),
            Route(
                .get, base + "/**", "ArtifactService_GetArtifactFile", summary, .role(.viewer), answer: .file, handler: self.artifactFile),
        ]
    }

    @Sendable private func artifactFile(_ call: Call) async throws -> Reply {
        let (kind, direction) = (call.parameter("idDiscriminator"), call.parameter("artifactDiscriminator"))
        guard kind == "workflows" || kind == "archived-workflows" else {
            throw WireError.invalid("the path says '\(kind)', expected workflows or archived-workflows")
        }
        guard direction == "outputs" || direction == "inputs" else {
            throw WireError.invalid("the path says '\(direction)', expected outputs or inputs")
        }
        let path = call.rest.filter { !$0.isEmpty }
        guard path.count == call.rest.count - (call.endsWithSlash ? 1 : 0) else {
            throw WireError.invalid("the path has an empty part")
        }
        var query = ArtifactQuery(
            namespace: call.namespace, run: call.parameter("id"), node: call.parameter("nodeId"), artifact: call.parameter("artifactName"),
            isInput: direction == "inputs", path: path)
        let found = try await self.services.artifacts.artifact(query)
        switch found.content {
        case .file:
            if call.endsWithSlash { throw WireError.notFound("'\(found.fileName)' is a file") }
            return self.file(found)
        case .directory(let entries):
            guard call.endsWithSlash else { return Self.moved(to: Self.lastPart(of: call.path) + "/") }
            if entries.contains(where: { $0.name == "index.html" && !$0.isDirectory }) {
                query.path.append("index.html")
                return Self.moved(to: "index.html")
            }
            return Reply(.text(DirectoryPage(entries).html, type: "text/html; charset=utf-8"), headers: self.artifactHeaders)
        }
    }

    /// As it stands in the path, so that it is still encoded.
    private static func lastPart(of path: String) -> String {
        path.split(separator: "/").last.map { "./" + $0 } ?? "."
    }

    private static func moved(to place: String) -> Reply {
        var reply = Reply(.text("", type: "text/plain"), status: 307)
        reply.headers[.location] = place
        return reply
    }

    // MARK: Answers

    private var artifactHeaders: HTTPFields {
        var headers = HTTPFields()
        headers[.contentSecurityPolicy] = self.settings.artifactPolicy
        headers[.frameOptions] = "SAMEORIGIN"
        return headers
    }

    private func file(_ download: ArtifactDownload) -> Reply {
        guard case .file(let size, let bytes) = download.content else {
            return Reply(.text("", type: "text/plain"), status: 404)
        }
        var headers = self.artifactHeaders
        headers[.contentDisposition] = "filename=\"\(Self.quoted(download.fileName))\""
        return Reply(.bytes(bytes, size: size, type: MediaType.of(download.fileName)), headers: headers)
    }

    /// Without anything that could end the quotes or the header.
    private static func quoted(_ name: String) -> String {
        String(name.unicodeScalars.map { (0x20...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\" ? Character($0) : "_" })
    }

    // MARK: Uploads

    @Sendable private func upload(_ call: Call) async throws -> Reply {
        let limits = self.settings.limits
        let form = try MultipartForm(call.request, limit: limits.uploadBytes)
        let file = try await form.file(named: "file")
        let stored = try await self.services.artifacts.upload(
            file.bytes, fileName: file.name, artifact: call.parameter("artifactName"), template: call.parameter("workflowTemplateName"),
            namespace: call.namespace)
        return .json(["name": .string(stored.name), "key": .string(stored.key)])
    }
}

/// A directory of an artifact as a page for people.
struct DirectoryPage {
    private let entries: [ArtifactEntry]

    init(_ entries: [ArtifactEntry]) { self.entries = entries }

    var html: String {
        let items = self.entries.map { entry in
            let name = entry.name + (entry.isDirectory ? "/" : "")
            let link = "./" + PercentText.encoded(entry.name) + (entry.isDirectory ? "/" : "")
            return "<li><a href=\"\(link)\">\(Self.escaped(name))</a></li>"
        }
        return "<!DOCTYPE html>\n<html><body><ul>\n<li><a href=\"..\">..</a></li>\n\(items.joined(separator: "\n"))\n</ul></body></html>\n"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}

/// What a file is, as the end of its name says.
enum MediaType {
    private static let types: [String: String] = [
        "css": "text/css; charset=utf-8", "csv": "text/csv; charset=utf-8", "gif": "image/gif", "gz": "application/gzip",
        "htm": "text/html; charset=utf-8", "html": "text/html; charset=utf-8", "jpeg": "image/jpeg", "jpg": "image/jpeg",
        "js": "text/javascript; charset=utf-8", "json": "application/json", "log": "text/plain; charset=utf-8",
        "md": "text/plain; charset=utf-8", "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml", "tar": "application/x-tar",
        "tgz": "application/gzip", "txt": "text/plain; charset=utf-8", "webp": "image/webp", "xml": "text/xml; charset=utf-8",
        "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip",
    ]

    static func of(_ name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return Self.types[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }
}
