"""The client of ApiGateway."""
