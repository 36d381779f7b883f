#include <stdio.h>

int main(void) {
    puts("Built by two Dockerfiles");
    return 0;
}
