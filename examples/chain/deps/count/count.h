/** How many letters a text has. */
int count_letters(const char *text);
