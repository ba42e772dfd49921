package main

import (
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A form is a kind of rule. Words in capitals stand for what a rule names; CODE takes the rest of the line, and is ours.
type form struct {
	pattern string
	find    func(source *source, arguments []string) ([]edit, error)
}

// forms besides "file PATH", which says which file the rules after it change, "drop file PATH", and "drop files PATTERN in FOLDER", which drops
// at least one file of that folder and those below it, by name.
//
// A name is one word, as the source spells it: client.Open, *client.Error, "text".
var forms = []form{
	{"drop import PATH", dropImport},
	{"drop const NAME", dropValue(token.CONST)},
	{"drop var NAME", dropValue(token.VAR)},
	{"drop type NAME", dropType},
	{"drop func NAME", dropFunction},
	{"drop field NAME in TYPE", dropField},
	// An element of a literal, by its key.
	{"drop key NAME in FUNCTION", dropKey},
	// A statement that does nothing but call NAME.
	{"drop call NAME in FUNCTION", dropCall},
	// One of several expressions of a case, or the whole case; NAME may be compared with something there.
	{"drop case NAME", dropCase},
	{"drop case NAME in FUNCTION", dropCase},
	// An if statement whose condition, or the statement before it, uses NAME.
	{"drop if NAME in FUNCTION", dropIf},
	{"replace import PATH by PATH", replaceImport},
	{"replace body of FUNCTION by CODE", replaceBody},
	{"replace NAME by NAME in FUNCTION", replaceName},
}

type rule struct {
	line int
	text string
	file string
	// What the files have to be named that are dropped from the folder named in file; empty for rules about one file.
	pattern string
	// nil drops the whole file.
	form      *form
	arguments []string
}

func (rule rule) failed(err error) error {
	return fmt.Errorf("%d: %s: %w", rule.line, rule.text, err)
}

// paths are the files below folder that the rule is about.
func (rule rule) paths(folder string) ([]string, error) {
	path := filepath.Join(folder, rule.file)
	if rule.pattern == "" {
		return []string{path}, nil
	}
	var found []string
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		// The pattern was tried when it was read.
		if fits, _ := filepath.Match(rule.pattern, entry.Name()); fits {
			found = append(found, path)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = errors.New("fits no file")
	}
	return found, err
}

// applyTo answers with a file's source after the rule; files holds the source of those that earlier rules changed.
func (rule rule) applyTo(files map[string][]byte, path string) ([]byte, error) {
	text, known := files[path]
	if !known {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	if rule.form == nil {
		return text, nil
	}
	return rule.apply(text)
}

func (rule rule) apply(text []byte) ([]byte, error) {
	source, err := parse(text)
	if err != nil {
		return nil, err
	}
	edits, err := rule.form.find(source, rule.arguments)
	if err != nil {
		return nil, err
	}
	if len(edits) != 1 {
		return nil, fmt.Errorf("fits %d places in %s, not one", len(edits), rule.file)
	}
	changed, err := source.change(edits[0])
	if err != nil {
		return nil, err
	}
	_, err = parse(changed)
	return changed, err
}

func parseRules(text string) ([]rule, error) {
	var rules []rule
	file := ""
	for index, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		next := rule{line: index + 1, text: line, file: file}
		if path, ok := match("file PATH", line); ok {
			file = path[0]
			continue
		}
		if path, ok := match("drop file PATH", line); ok {
			next.file = path[0]
		} else if named, ok := match("drop files PATTERN in FOLDER", line); ok {
			next.pattern, next.file = named[0], named[1]
			if _, err := filepath.Match(next.pattern, ""); err != nil {
				return nil, next.failed(err)
			}
		} else if next.form, next.arguments = findForm(line); next.form == nil {
			return nil, next.failed(errors.New("no such rule"))
		}
		if !filepath.IsLocal(next.file) {
			return nil, next.failed(errors.New("needs a line before it that says file PATH, a path below the folder"))
		}
		rules = append(rules, next)
	}
	if len(rules) == 0 {
		return nil, errors.New("1: holds no rule")
	}
	return rules, nil
}

func findForm(line string) (*form, []string) {
	for index := range forms {
		if arguments, ok := match(forms[index].pattern, line); ok {
			return &forms[index], arguments
		}
	}
	return nil, nil
}

// match answers with what stands for the pattern's words in capitals.
func match(pattern, line string) ([]string, bool) {
	wanted := strings.Fields(pattern)
	words := strings.Fields(line)
	if last := len(wanted) - 1; wanted[last] == "CODE" && len(words) > last {
		words = append(words[:last:last], strings.Join(words[last:], " "))
	}
	if len(words) != len(wanted) {
		return nil, false
	}
	var arguments []string
	for index, word := range wanted {
		if word == strings.ToUpper(word) {
			arguments = append(arguments, words[index])
		} else if word != words[index] {
			return nil, false
		}
	}
	return arguments, true
}
