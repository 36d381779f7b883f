#include "greet.h"

#include <count.h>
#include <stdio.h>
#include <text.h>

void greet(const char *name, char *buffer, int size) {
    char capitals[64];
    text_capitals(name, capitals, sizeof capitals);
    snprintf(buffer, (size_t)size, "Hello %s, %d letters", capitals, count_letters(name));
}
