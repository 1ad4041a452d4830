/// Why a pod cannot even be asked for; the text is the pod's message. It never holds a value of a secret.
struct LaunchProblem: Error, Equatable {
    let message: String
    init(_ message: String) { self.message = message }
}
