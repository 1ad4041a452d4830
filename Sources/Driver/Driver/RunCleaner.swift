public import Engine
import Ports

/// Removes what a run that has ended leaves and nobody needs any more, as its workflow says: artifacts (`artifactGC`) and claims
/// (`volumeClaimGC`). Everything else is kept until the run is deleted. Doing it again is harmless.
struct RunCleaner: Sendable {
    let ports: DriverPorts

    func clean(_ machine: RunMachine) async {
        // What resists goes with the run at the latest.
        for artifact in machine.expendableArtifacts { try? await self.ports.artifacts.remove(artifact) }
        if machine.leavesNoClaims { try? await self.ports.runtime.removeClaims(of: machine.id) }
    }
}

extension RunDriver {
    /// Cleans up behind a run that has ended and whose process was killed before it did.
    public func clean(_ machine: RunMachine) async { await RunCleaner(ports: self.ports).clean(machine) }
}
