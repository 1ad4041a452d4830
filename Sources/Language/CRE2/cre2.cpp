#include "cre2.h"

#include <re2/re2.h>

#include <cstring>
#include <new>
#include <string>
#include <vector>

struct cre2_pattern {
    RE2 program;
    cre2_pattern(const re2::StringPiece &text, const RE2::Options &options) : program(text, options) {}
};

namespace {

void say(const std::string &why, char *message, size_t capacity) {
    if (capacity == 0) return;
    size_t length = why.size() < capacity - 1 ? why.size() : capacity - 1;
    std::memcpy(message, why.data(), length);
    message[length] = 0;
}

}  // namespace

extern "C" cre2_pattern *cre2_compile(
    const char *pattern, size_t length, int64_t max_memory, char *message, size_t message_capacity) {
    try {
        RE2::Options options(RE2::Quiet);
        options.set_max_mem(max_memory);
        cre2_pattern *compiled = new cre2_pattern(re2::StringPiece(pattern, length), options);
        if (compiled->program.ok()) return compiled;
        say(compiled->program.error(), message, message_capacity);
        delete compiled;
        return nullptr;
    } catch (...) {
        if (message_capacity > 0) message[0] = 0;
        return nullptr;
    }
}

extern "C" void cre2_free(cre2_pattern *pattern) { delete pattern; }

extern "C" int cre2_group_count(const cre2_pattern *pattern) { return pattern->program.NumberOfCapturingGroups(); }

extern "C" int cre2_group_named(const cre2_pattern *pattern, const char *name, size_t length) {
    try {
        const auto &groups = pattern->program.NamedCapturingGroups();
        auto found = groups.find(std::string(name, length));
        return found == groups.end() ? -1 : found->second;
    } catch (...) {
        return -1;
    }
}

extern "C" bool cre2_search(
    const cre2_pattern *pattern, const char *text, size_t length, size_t start, int64_t *spans, int span_count) {
    try {
        std::vector<re2::StringPiece> groups(static_cast<size_t>(span_count));
        if (start > length) return false;
        // An empty text may come as a null pointer, which RE2 would take for "no group".
        const char *base = text == nullptr ? "" : text;
        if (!pattern->program.Match(
                re2::StringPiece(base, length), start, length, RE2::UNANCHORED, groups.data(), span_count))
            return false;
        for (int index = 0; index < span_count; index++) {
            const re2::StringPiece &group = groups[static_cast<size_t>(index)];
            bool took_part = group.data() != nullptr;
            spans[2 * index] = took_part ? group.data() - base : -1;
            spans[2 * index + 1] = took_part ? group.data() - base + static_cast<int64_t>(group.size()) : -1;
        }
        return true;
    } catch (...) {
        return false;
    }
}
