// Command go-licences copies the licence texts of every module linked into a Go program.
//
//	go-licences PROGRAM MODULE-CACHE OUT
//
// OUT gets one folder a module and a list, modules.txt, of what was linked in.
package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"unicode"
)

var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright|credits)([.\-_].*)?$`)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: go-licences PROGRAM MODULE-CACHE OUT"))
	}
	if err := collect(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "go-licences:", err)
	os.Exit(1)
}

func collect(program, cache, out string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	modules := append([]*debug.Module{&info.Main}, info.Deps...)
	var list strings.Builder
	for _, module := range modules {
		// A folder stands in for a module of which build-go left something out: it is still that module, under the same licence.
		if module.Replace != nil && !filepath.IsAbs(module.Replace.Path) {
			module = module.Replace
		}
		count, err := copyLicences(filepath.Join(cache, escape(module.Path)+"@"+escape(module.Version)), filepath.Join(out, module.Path+"@"+module.Version))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s %s", module.Path, module.Version)
		if count == 0 {
			list.WriteString(" (no licence file in the module)")
		}
		list.WriteString("\n")
	}
	return os.WriteFile(filepath.Join(out, "modules.txt"), []byte(list.String()), 0o644)
}

func copyLicences(from, to string) (int, error) {
	entries, err := os.ReadDir(from)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, entry := range entries {
		if entry.IsDir() || !licenceName.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			return count, err
		}
		if err := os.MkdirAll(to, 0o755); err != nil {
			return count, err
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), text, 0o644); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// escape writes a path as the module cache does: a capital letter becomes '!' and its small one.
func escape(path string) string {
	var escaped strings.Builder
	for _, letter := range path {
		if unicode.IsUpper(letter) {
			escaped.WriteByte('!')
			letter = unicode.ToLower(letter)
		}
		escaped.WriteRune(letter)
	}
	return escaped.String()
}
