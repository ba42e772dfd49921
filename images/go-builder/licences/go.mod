module slipway/licences

go 1.24
