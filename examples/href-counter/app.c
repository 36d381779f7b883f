/* Counts the links of a page: those that stay on the site and those that leave it. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "page.html";
    FILE *page = fopen(name, "r");
    char line[4096];
    int internal = 0, external = 0;
    if (!page) {
        perror(name);
        return 1;
    }
    while (fgets(line, sizeof line, page)) {
        for (char *at = strstr(line, "href=\""); at; at = strstr(at, "href=\"")) {
            at += strlen("href=\"");
            if (strncmp(at, "http:", 5) == 0 || strncmp(at, "https:", 6) == 0) external++;
            else internal++;
        }
    }
    fclose(page);
    printf("{\"internal\": %d, \"external\": %d}\n", internal, external);
    return 0;
}
