# A folder with programs for other machines than the image's own.
FROM REGISTRY/gcc AS compile
RUN mkdir -p /opt/emu/bin /opt/emu/firmware && printf 'int main(void) { return 0; }\n' > /main.c && gcc -o /opt/emu/bin/emu /main.c \
 && cp /opt/emu/bin/emu /opt/emu/firmware/arm.elf && printf '\267\000' | dd of=/opt/emu/firmware/arm.elf bs=1 seek=18 conv=notrunc 2>/dev/null
FROM REGISTRY/debian
COPY --from=compile /opt/emu /opt/emu
CMD ["/opt/emu/bin/emu"]
