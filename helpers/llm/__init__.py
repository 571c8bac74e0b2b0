"""Language models behind servers, shared by the chapters that sample from them."""
