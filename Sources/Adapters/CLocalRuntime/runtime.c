#include "skiff_runtime.h"
