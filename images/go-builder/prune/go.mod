module slipway/prune

go 1.24
