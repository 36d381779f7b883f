/** Prints a line between two others. */
void frame_print(const char *line);
