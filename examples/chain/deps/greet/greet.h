/** Writes a greeting and the number of letters in the name. */
void greet(const char *name, char *buffer, int size);
