import CLocalRuntime
public import Ports

/// Where a stored PersistentVolumeClaim keeps its files: `<data>/volumes/<namespace>/<name>`. The runtime makes it when a pod first mounts the
/// claim, and it goes with the claim. (`<data>/claims/<run>` are those of `volumeClaimTemplates`, which go with their run.)
public enum ClaimDirectory {
    /// nil when the namespace or the name is none that a directory can have.
    public static func path(_ claim: ResourceKey, dataDirectory: String) -> String? {
        guard DataLayout.isName(claim.namespace), DataLayout.isName(claim.name) else { return nil }
        return "\(dataDirectory)/volumes/\(claim.namespace)/\(claim.name)"
    }

    /// Removes the directory with all that is in it. Nothing happens when there is none.
    /// - Throws: `LocalRuntimeError.notRemoved`.
    public static func remove(_ claim: ResourceKey, dataDirectory: String) throws(LocalRuntimeError) {
        let layout = try DataLayout.prepare(dataDirectory)
        guard let path = Self.path(claim, dataDirectory: layout.root) else { return }
        let error = skiff_remove_tree(path)
        if error != 0 { throw .notRemoved(path: path, reason: errorText(error)) }
    }
}
