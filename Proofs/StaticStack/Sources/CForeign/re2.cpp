#include "foreign.h"

#include <cstdio>
#include <re2/re2.h>
#include <string>

bool foreign_re2(const char *pattern, const char *text, char *result, size_t capacity) {
    re2::RE2 expression(pattern, re2::RE2::Quiet);
    std::string group;
    if (!expression.ok() || !re2::RE2::PartialMatch(text, expression, &group)) return false;
    std::snprintf(result, capacity, "%s", group.c_str());
    return true;
}
