# Scripts with interpreters that the image has, and data that is no program.
FROM REGISTRY/debian AS scripts
RUN mkdir -p /out/bin /out/share && printf '#!/bin/bash\necho "$@"\n' > /out/bin/say && printf '#!/usr/bin/env perl\nprint 1;\n' > /out/bin/one \
 && chmod 755 /out/bin/* && echo data > /out/share/data.txt && : > /out/share/mark
FROM REGISTRY/debian
COPY --from=scripts /out/ /usr/local/
ENTRYPOINT ["/usr/local/bin/say"]
CMD ["hello"]
