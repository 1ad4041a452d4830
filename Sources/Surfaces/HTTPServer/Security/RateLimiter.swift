import Synchronization

/// How often a client may ask: so many requests a second, and as many at once after a second of silence.
final class RateLimiter: Sendable {
    private struct Bucket {
        /// Requests that may still come.
        var left: Double
        var at: ContinuousClock.Instant
    }

    /// Clients that are remembered. More come from nowhere but an attack, which then shares what they had.
    private static let clients = 16_384

    private let perSecond: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    /// - Parameter perSecond: 0 or less for no limit.
    init(perSecond: Int) { self.perSecond = Double(perSecond) }

    /// Counts a request.
    /// - Returns: whether it may be carried out.
    func admits(_ client: String, at now: ContinuousClock.Instant = .now) -> Bool {
        if self.perSecond <= 0 { return true }
        return self.buckets.withLock { buckets in
            if buckets.count >= Self.clients, buckets[client] == nil { self.forget(&buckets, at: now) }
            var bucket = buckets[client] ?? Bucket(left: self.perSecond, at: now)
            bucket.left = self.left(in: bucket, at: now)
            bucket.at = now
            let admits = bucket.left >= 1
            if admits { bucket.left -= 1 }
            buckets[client] = bucket
            return admits
        }
    }

    private func left(in bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
        min(self.perSecond, bucket.left + (now - bucket.at) / .seconds(1) * self.perSecond)
    }

    /// Whoever has been silent for a second is as good as new. Where nobody has, all are.
    private func forget(_ buckets: inout [String: Bucket], at now: ContinuousClock.Instant) {
        buckets = buckets.filter { self.left(in: $0.value, at: now) < self.perSecond }
        if buckets.count >= Self.clients { buckets = [:] }
    }
}
