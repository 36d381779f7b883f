# A stage of files alone, which no program could run in, hands them on.
FROM REGISTRY/gcc AS compile
RUN mkdir -p /opt/x && printf 'int main(void) { return 0; }\n' > /main.c && gcc -o /opt/x/prog /main.c
FROM scratch AS collect
COPY --from=compile /opt/x /opt/x
FROM REGISTRY/debian
COPY --from=collect / /
CMD ["/opt/x/prog"]
