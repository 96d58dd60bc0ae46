"""`make race`: many processes bet at once for players whose limits have room for exactly so many, and exclude some of them."""
