# A program that needs the driver's library, which the machine brings.
FROM REGISTRY/gcc AS compile
RUN echo 'int cuInit(void) { return 0; }' > /lib.c && gcc -shared -fPIC -Wl,-soname,libcuda.so.1 -o /libcuda.so.1 /lib.c \
 && printf 'int cuInit(void);\nint main(void) { return cuInit(); }\n' > /main.c && gcc -o /prog /main.c /libcuda.so.1
FROM REGISTRY/debian
COPY --from=compile /prog /usr/bin/prog
CMD ["prog"]
