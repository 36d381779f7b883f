FROM debian:testing-slim

# several lines with nothing but a continuation, blank lines between them
RUN apt-get update \

 && apt-get install -y \
      texlive-latex-extra \

      latexmk biber \
 && rm -rf /var/lib/apt/lists/* \
;
COPY ["fonts/My Font.otf", "fonts/Other.otf", "/usr/share/fonts/"]
RUN fc-cache -f ; [ -d /usr/share/fonts ] && echo 'fonts are there'
RUN [ "$(id -u)" = 0 ] || exit 1
COPY latexmkrc* /root/.latexmkrc
ENV TEXINPUTS=.:/templates//:
WORKDIR /doc
ENTRYPOINT ["latexmk"]
CMD ["-pdf"]
