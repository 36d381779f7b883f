# The copy, or a step after it, makes the program executable.
FROM REGISTRY/gcc AS compile
RUN printf 'int main(void) { return 0; }\n' > /main.c && gcc -o /a /main.c && cp /a /b && chmod 644 /a /b
FROM REGISTRY/debian
COPY --from=compile --chmod=0755 /a /usr/local/bin/a
COPY --from=compile /b /usr/local/bin/b
RUN chmod +x /usr/local/bin/b && b
CMD ["a"]
