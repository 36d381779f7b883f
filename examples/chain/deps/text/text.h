/** Writes a text in capitals into a buffer. */
void text_capitals(const char *text, char *buffer, int size);
