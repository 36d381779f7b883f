# A program of one stage, its library of another.
FROM REGISTRY/gcc AS library
RUN echo 'int answer(void) { return 42; }' > /lib.c && gcc -shared -fPIC -Wl,-soname,libanswer.so.1 -o /usr/lib/libanswer.so.1 /lib.c
FROM REGISTRY/gcc AS program
COPY --from=library /usr/lib/libanswer.so.1 /usr/lib/
RUN printf 'int answer(void);\nint main(void) { return answer() == 42 ? 0 : 1; }\n' > /main.c && gcc -o /prog /main.c /usr/lib/libanswer.so.1
FROM REGISTRY/debian
COPY --from=program /prog /usr/bin/prog
COPY --from=library /usr/lib/libanswer.so.1 /usr/lib/
CMD ["prog"]
