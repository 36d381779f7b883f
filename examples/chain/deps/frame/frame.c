#include "frame.h"

#include <stdio.h>

void frame_print(const char *line) {
    printf("--\n%s\n--\n", line);
}
