// Command go-prune takes named parts out of Go source, as a file of rules says.
//
//	go-prune RULES FOLDER
//
// RULES has one rule a line; paths are below FOLDER. What no rule names stays as it was, to the byte. Each rule must fit exactly one place,
// or where it says "files" at least one file: one that does not was made for another version of the source, and ends the command with nothing
// written. See forms for the rules there are.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fail(errors.New("usage: go-prune RULES FOLDER"))
	}
	if err := prune(os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "go-prune:", err)
	os.Exit(1)
}

// prune applies every rule and then writes, so that source is never left half changed; all rules that do not fit are named at once.
func prune(rulesPath, folder string) error {
	text, err := os.ReadFile(rulesPath)
	if err != nil {
		return err
	}
	rules, err := parseRules(string(text))
	if err != nil {
		return named(rulesPath, err)
	}
	files := map[string][]byte{}
	var dropped []string
	var failures []error
	for _, rule := range rules {
		paths, err := rule.paths(folder)
		if err != nil {
			failures = append(failures, named(rulesPath, rule.failed(err)))
		}
		for _, path := range paths {
			source, err := rule.applyTo(files, path)
			if err != nil {
				failures = append(failures, named(rulesPath, rule.failed(err)))
				continue
			}
			files[path] = source
			if rule.form == nil {
				dropped = append(dropped, path)
			}
		}
	}
	if len(failures) > 0 {
		return errors.Join(failures...)
	}
	for path, source := range files {
		if err := os.WriteFile(path, source, 0o644); err != nil {
			return err
		}
	}
	for _, path := range dropped {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

func named(rulesPath string, err error) error {
	return fmt.Errorf("%s:%w", rulesPath, err)
}
