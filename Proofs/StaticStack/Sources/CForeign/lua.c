#include "foreign.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdio.h>

bool foreign_lua(const char *chunk, char *result, size_t capacity) {
    lua_State *state = luaL_newstate();
    if (!state) return false;
    luaL_openlibs(state);
    bool succeeded = luaL_dostring(state, chunk) == LUA_OK;
    const char *text = lua_tostring(state, -1);
    snprintf(result, capacity, "%s", text ? text : "");
    lua_close(state);
    return succeeded;
}
