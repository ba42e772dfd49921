# Sourced. POSIX sh.

# debian_mirror APT CODENAME: the first address of this machine's Debian archive, from either form of apt source in the folder APT.
debian_mirror() {
  for file in "$1"/sources.list "$1"/sources.list.d/*.sources "$1"/sources.list.d/*.list; do
    if [ ! -r "$file" ]; then continue; fi
    case $file in
      *.sources)
        # Comments may stand inside a paragraph; the fields come in any order.
        grep -v '^#' "$file" | awk -v suite="$2" '
          BEGIN { RS = "" }
          {
            uri = ""; found = 0; main = 0
            count = split($0, lines, "\n")
            for (i = 1; i <= count; i++) {
              fields = split(lines[i], words, /[ \t]+/)
              name = tolower(words[1])
              for (j = 2; j <= fields; j++) {
                if (name == "uris:" && uri == "") uri = words[j]
                if (name == "suites:" && words[j] == suite) found = 1
                if (name == "components:" && words[j] == "main") main = 1
              }
            }
            if (found && main && uri != "") print uri
          }'
        ;;
      *)
        sed -nE "s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+$2[[:space:]]+main.*/\2/p" "$file"
        ;;
    esac
  done | head -n 1
}
