import Operations

/// Shows people how runs under way are doing.
protocol RunPresenter: Sendable {
    /// Shows the news of the session. Returns after the last, or when the task is cancelled.
    func follow(_ session: any RunSession) async
    /// Says something beside the news.
    func notice(_ text: String) async
    /// The terminal has another size.
    func redraw() async
}
