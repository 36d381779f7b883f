#include <frame.h>
#include <greet.h>

int main(int argc, char **argv) {
    char line[128];
    greet(argc > 1 ? argv[1] : "chain", line, sizeof line);
    frame_print(line);
    return 0;
}
