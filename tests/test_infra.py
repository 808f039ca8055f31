from tests.conftest import *
def test_t(table, cloud):
    print(table, cloud)
