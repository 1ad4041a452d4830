import NIOCore

/// Closes a connection whose client leaves what it is sent unread, so that it does not hold what is on its way for ever.
final class StallGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let patience: TimeAmount
    private var waiting: Scheduled<Void>?

    init(patience: TimeAmount) { self.patience = patience }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.waiting?.cancel()
        self.waiting = nil
        if !context.channel.isWritable {
            let channel = context.channel
            self.waiting = context.eventLoop.scheduleTask(in: self.patience) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.waiting?.cancel()
        self.waiting = nil
        context.fireChannelInactive()
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
