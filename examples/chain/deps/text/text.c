#include "text.h"

#include <ctype.h>

void text_capitals(const char *text, char *buffer, int size) {
    int at = 0;
    for (; text[at] != '\0' && at < size - 1; at++) buffer[at] = (char)toupper((unsigned char)text[at]);
    buffer[at] = '\0';
}
