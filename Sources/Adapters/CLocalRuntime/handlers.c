// Lifecycle handlers and readiness probes, one at a time: a command in the container, or a connection to a server of its. None of them is
// waited for: `attend` goes on with logs, signals and deadlines meanwhile.

#include "internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

static void end_errand(struct pod *pod) {
    struct errand *errand = &pod->errand;
    // Its group: what it started elsewhere ends with the container.
    if (errand->process > 0) kill(-errand->process, SIGKILL);
    if (errand->socket >= 0) close(errand->socket);
    *errand = (struct errand){.socket = -1};
}

static const char *purpose_name(int purpose) {
    return purpose == ERRAND_POST_START ? "postStart" : purpose == ERRAND_PRE_STOP ? "preStop" : "readinessProbe";
}

/// @return a socket that is on its way, or -1.
static int begin_connection(const struct handler *handler) {
    struct sockaddr_in old = {.sin_family = AF_INET, .sin_port = htons(handler->port)};
    struct sockaddr_in6 new = {.sin6_family = AF_INET6, .sin6_port = htons(handler->port)};
    bool is_old = inet_pton(AF_INET, handler->address, &old.sin_addr) == 1;
    if (!is_old && inet_pton(AF_INET6, handler->address, &new.sin6_addr) != 1) return -1;
    int connection = socket(is_old ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection < 0) return -1;
    int result = is_old ? connect(connection, (struct sockaddr *)&old, sizeof old) : connect(connection, (struct sockaddr *)&new, sizeof new);
    if (result == 0 || errno == EINPROGRESS) return connection;
    close(connection);
    return -1;
}

void begin_errand(struct pod *pod, int purpose, const struct handler *handler, int64_t deadline) {
    cancel_errand(pod);
    struct errand *errand = &pod->errand;
    errand->purpose = purpose;
    errand->handler = handler;
    errand->deadline = deadline;
    if (handler->argument_count == 0) {
        errand->socket = begin_connection(handler);
        return;
    }
    struct problem problem = {0};
    errand->process = start_command(pod, handler->arguments, &problem);
    if (errand->process == 0 && !pod->has_noted_errand) note(pod, "%s: %s", purpose_name(purpose), problem.text);
    // A probe is begun again and again.
    pod->has_noted_errand |= errand->process == 0;
}

void cancel_errand(struct pod *pod) { end_errand(pod); }

void errand_reaped(struct pod *pod, pid_t process, int status) {
    struct errand *errand = &pod->errand;
    if (errand->process != process || process == 0) return;
    errand->process = 0;
    // The verdict, until `attend_errand` fetches it.
    errand->answered = status == 0 ? 1 : 0;
}

struct pollfd errand_source(const struct pod *pod) {
    const struct errand *errand = &pod->errand;
    if (errand->socket < 0) return (struct pollfd){.fd = -1};
    bool is_sending = !errand->is_connected || errand->sent < errand->handler->request_length;
    return (struct pollfd){.fd = errand->socket, .events = is_sending ? POLLOUT : POLLIN};
}

/// `HTTP/1.1 200 OK`: any of 200 to 399 is good.
static bool is_good_answer(const struct errand *errand) {
    if (errand->answered < 12 || strncmp(errand->answer, "HTTP/", 5) != 0) return false;
    const char *blank = memchr(errand->answer, ' ', errand->answered);
    if (blank == NULL || errand->answer + errand->answered - blank < 4) return false;
    int status = (blank[1] - '0') * 100 + (blank[2] - '0') * 10 + blank[3] - '0';
    return status >= 200 && status < 400;
}

/// @return 1 good, 0 bad, -1 not yet known.
static int attend_connection(struct errand *errand) {
    const struct handler *handler = errand->handler;
    if (!errand->is_connected) {
        struct pollfd source = {.fd = errand->socket, .events = POLLOUT};
        if (poll(&source, 1, 0) == 0) return -1;
        int error = 0;
        socklen_t length = sizeof error;
        if (getsockopt(errand->socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) return 0;
        errand->is_connected = true;
        if (handler->request_length == 0) return 1;
    }
    while (errand->sent < handler->request_length) {
        ssize_t sent = send(errand->socket, handler->request + errand->sent, handler->request_length - errand->sent, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN ? -1 : 0;
        errand->sent += (size_t)sent;
    }
    while (errand->answered < sizeof errand->answer) {
        ssize_t received = recv(errand->socket, errand->answer + errand->answered, sizeof errand->answer - errand->answered, 0);
        if (received < 0 && errno == EAGAIN) return -1;
        if (received <= 0) break;
        errand->answered += (size_t)received;
    }
    return is_good_answer(errand);
}

bool attend_errand(struct pod *pod, bool *is_good) {
    struct errand *errand = &pod->errand;
    if (errand->purpose == ERRAND_NONE) return false;
    bool is_command = errand->handler->argument_count > 0;
    int verdict = -1;
    if (is_command && errand->process == 0) verdict = errand->answered > 0;
    else if (!is_command) verdict = errand->socket < 0 ? 0 : attend_connection(errand);
    if (verdict < 0 && monotonic_milliseconds() >= errand->deadline) verdict = 0;
    if (verdict < 0) return false;
    if (verdict == 0 && errand->purpose != ERRAND_READINESS) note(pod, "%s failed", purpose_name(errand->purpose));
    *is_good = verdict > 0;
    end_errand(pod);
    return true;
}
