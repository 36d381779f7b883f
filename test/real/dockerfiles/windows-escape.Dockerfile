# escape=`
# A file that was written by somebody who is used to another escape character.
FROM debian:12 AS tools
ENV WINE_PATH=C:\tools\bin `
    WINEARCH=win64 `
    WINEPREFIX=/wine
RUN dpkg --add-architecture i386 && apt-get update && apt-get install -y --no-install-recommends `
      wine wine64 xvfb && `
    rm -rf /var/lib/apt/lists/*
COPY setup.exe config\settings.ini /install/
RUN xvfb-run wine /install/setup.exe /S "/D=C:\tools" && echo done > /wine/marker
CMD ["wine", "C:\\tools\\bin\\solver.exe"]
