import sys
import billow.worker.child as child

child.enter = lambda _: None
if __name__ == "__main__":
    sys.exit(child.main(sys.argv[1:]))
