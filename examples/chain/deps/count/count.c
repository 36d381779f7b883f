#include "count.h"

#include <ctype.h>

int count_letters(const char *text) {
    int letters = 0;
    for (; *text != '\0'; text++) letters += isalpha((unsigned char)*text) != 0;
    return letters;
}
