#include <stdio.h>

int main(void) {
    puts("Hello from lab 3");
    return 0;
}
