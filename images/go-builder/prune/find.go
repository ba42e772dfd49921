package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"strconv"
	"strings"
)

func dropImport(source *source, arguments []string) ([]edit, error) {
	return source.specs(token.IMPORT, func(spec ast.Spec) bool {
		imported, ok := spec.(*ast.ImportSpec)
		return ok && imported.Path.Value == strconv.Quote(arguments[0])
	}), nil
}

func replaceImport(source *source, arguments []string) ([]edit, error) {
	var edits []edit
	for _, imported := range source.tree.Imports {
		if imported.Path.Value == strconv.Quote(arguments[0]) {
			edits = append(edits, edit{from: imported.Path.Pos(), to: imported.Path.End(), text: strconv.Quote(arguments[1])})
		}
	}
	return edits, nil
}

func dropValue(kind token.Token) func(*source, []string) ([]edit, error) {
	return func(source *source, arguments []string) ([]edit, error) {
		return source.specs(kind, func(spec ast.Spec) bool {
			value, ok := spec.(*ast.ValueSpec)
			return ok && len(value.Names) == 1 && value.Names[0].Name == arguments[0]
		}), nil
	}
}

// specs finds parts of declarations; where one is all that its declaration holds, the declaration.
func (source *source) specs(kind token.Token, wanted func(ast.Spec) bool) []edit {
	var edits []edit
	for _, declaration := range source.tree.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != kind {
			continue
		}
		for _, spec := range general.Specs {
			if !wanted(spec) {
				continue
			}
			if len(general.Specs) == 1 {
				edits = append(edits, lines(general))
			} else {
				edits = append(edits, lines(spec))
			}
		}
	}
	return edits
}

func dropFunction(source *source, arguments []string) ([]edit, error) {
	var edits []edit
	for _, function := range source.functions(arguments[0]) {
		edits = append(edits, lines(function))
	}
	return edits, nil
}

func dropType(source *source, arguments []string) ([]edit, error) {
	return source.specs(token.TYPE, func(spec ast.Spec) bool {
		declared, ok := spec.(*ast.TypeSpec)
		return ok && declared.Name.Name == arguments[0]
	}), nil
}

func dropField(source *source, arguments []string) ([]edit, error) {
	var edits []edit
	ast.Inspect(source.tree, func(node ast.Node) bool {
		declared, ok := node.(*ast.TypeSpec)
		if !ok || declared.Name.Name != arguments[1] {
			return true
		}
		if structure, ok := declared.Type.(*ast.StructType); ok {
			for _, field := range structure.Fields.List {
				if len(field.Names) == 1 && field.Names[0].Name == arguments[0] {
					edits = append(edits, lines(field))
				}
			}
		}
		return false
	})
	return edits, nil
}

func dropKey(source *source, arguments []string) ([]edit, error) {
	body, err := source.body(arguments[1])
	if err != nil {
		return nil, err
	}
	var edits []edit
	ast.Inspect(body, func(node ast.Node) bool {
		element, ok := node.(*ast.KeyValueExpr)
		if !ok || source.written(element.Key) != arguments[0] {
			return true
		}
		// With the comma that ends it, which shares its line.
		found := lines(element)
		if rest := source.text[source.file.Offset(found.to):]; len(rest) > 0 && rest[0] == ',' {
			found.to++
		}
		edits = append(edits, found)
		return false
	})
	return edits, nil
}

func dropCall(source *source, arguments []string) ([]edit, error) {
	body, err := source.body(arguments[1])
	if err != nil {
		return nil, err
	}
	var edits []edit
	ast.Inspect(body, func(node ast.Node) bool {
		statement, ok := node.(*ast.ExprStmt)
		if !ok {
			return true
		}
		if call, ok := statement.X.(*ast.CallExpr); ok && source.written(call.Fun) == arguments[0] {
			edits = append(edits, lines(statement))
		}
		return true
	})
	return edits, nil
}

func dropCase(source *source, arguments []string) ([]edit, error) {
	within := ast.Node(source.tree)
	if len(arguments) > 1 {
		body, err := source.body(arguments[1])
		if err != nil {
			return nil, err
		}
		within = body
	}
	var edits []edit
	ast.Inspect(within, func(node ast.Node) bool {
		clause, ok := node.(*ast.CaseClause)
		if !ok {
			return true
		}
		for index, expression := range clause.List {
			if source.names(expression, arguments[0]) {
				edits = append(edits, caseOf(clause, index))
			}
		}
		return true
	})
	return edits, nil
}

func (source *source) names(expression ast.Expr, name string) bool {
	if comparison, ok := expression.(*ast.BinaryExpr); ok {
		expression = comparison.X
	}
	return source.written(expression) == name
}

func caseOf(clause *ast.CaseClause, index int) edit {
	list := clause.List
	switch {
	case len(list) == 1:
		return lines(clause)
	case index+1 < len(list):
		return edit{from: list[index].Pos(), to: list[index+1].Pos()}
	default:
		return edit{from: list[index-1].End(), to: list[index].End()}
	}
}

func dropIf(source *source, arguments []string) ([]edit, error) {
	body, err := source.body(arguments[1])
	if err != nil {
		return nil, err
	}
	var edits []edit
	ast.Inspect(body, func(node ast.Node) bool {
		statement, ok := node.(*ast.IfStmt)
		if !ok {
			return true
		}
		if len(source.find(statement.Cond, arguments[0])) == 0 &&
			(statement.Init == nil || len(source.find(statement.Init, arguments[0])) == 0) {
			return true
		}
		if statement.Else != nil {
			err = errors.New("has an else, which would be lost")
		}
		edits = append(edits, lines(statement))
		return false
	})
	return edits, err
}

func replaceName(source *source, arguments []string) ([]edit, error) {
	body, err := source.body(arguments[2])
	if err != nil {
		return nil, err
	}
	var edits []edit
	for _, found := range source.find(body, arguments[0]) {
		edits = append(edits, edit{from: found.Pos(), to: found.End(), text: arguments[1]})
	}
	return edits, nil
}

func replaceBody(source *source, arguments []string) ([]edit, error) {
	body, err := source.body(arguments[0])
	if err != nil {
		return nil, err
	}
	code, err := format.Source([]byte(arguments[1]))
	if err != nil {
		return nil, err
	}
	text := "\n\t" + strings.ReplaceAll(string(code), "\n", "\n\t") + "\n"
	return []edit{{from: body.Lbrace + 1, to: body.Rbrace, text: text}}, nil
}

// find answers with the outermost expressions that are written as a name is.
func (source *source) find(within ast.Node, name string) []ast.Node {
	var found []ast.Node
	ast.Inspect(within, func(node ast.Node) bool {
		if expression, ok := node.(ast.Expr); ok && source.written(expression) == name {
			found = append(found, expression)
			return false
		}
		return true
	})
	return found
}

// functions are those of a name, methods of any type too.
func (source *source) functions(name string) []*ast.FuncDecl {
	var found []*ast.FuncDecl
	for _, declaration := range source.tree.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.Name == name {
			found = append(found, function)
		}
	}
	return found
}

func (source *source) body(function string) (*ast.BlockStmt, error) {
	found := source.functions(function)
	if len(found) != 1 || found[0].Body == nil {
		return nil, fmt.Errorf("%d functions are named %s, not one", len(found), function)
	}
	return found[0].Body, nil
}
