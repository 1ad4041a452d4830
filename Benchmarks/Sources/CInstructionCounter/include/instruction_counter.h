#pragma once
#include <stdint.h>

// Opens a counter of the instructions that this thread executes in user mode.
// Returns a descriptor, or -1 where the machine has no counter or does not allow it.
int instruction_counter_open(void);

// Instructions so far; 0 for a descriptor of -1.
uint64_t instruction_counter_read(int descriptor);
